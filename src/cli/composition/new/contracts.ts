/** The backends of a new composition. Their examples are what mocks answer. */
export const contracts: Readonly<Record<string, string>> = {
  'contracts/shop.yaml': `openapi: 3.1.0
info: { title: Shop, version: '1' }
paths:
  /customers/{id}/orders:
    get:
      summary: What somebody has ordered
      parameters:
        - { in: path, name: id, required: true, schema: { type: string } }
      responses:
        '200':
          description: Their orders
          content:
            application/json:
              schema: { type: array, items: { $ref: '#/components/schemas/Order' } }
  /offers/{tier}:
    get:
      summary: The best offer for customers of a tier
      parameters:
        - { in: path, name: tier, required: true, schema: { $ref: '#/components/schemas/Tier' } }
      responses:
        '200':
          description: The offer
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Offer' }
        '404':
          description: There is none
components:
  schemas:
    Tier: { type: string, enum: [gold, tin] }
    Order:
      type: object
      required: [id, total]
      properties:
        id: { type: string, example: o-1 }
        total: { type: number, example: 12.5 }
        margin: { type: number, example: 4, description: Not for customers. }
    Offer:
      type: object
      required: [title, price]
      properties:
        title: { type: string, example: A book }
        price: { type: number, example: 9 }
`,
  'contracts/users.yaml': `openapi: 3.1.0
info: { title: Users, version: '1' }
paths:
  /users/{id}:
    get:
      summary: Somebody
      parameters:
        - { in: path, name: id, required: true, schema: { type: string } }
      responses:
        '200':
          description: They are known
          content:
            application/json:
              schema: { $ref: '#/components/schemas/User' }
        '404':
          description: Nobody knows them
components:
  schemas:
    User:
      type: object
      required: [id, name, tier]
      properties:
        id: { type: string, example: '7' }
        name: { type: string, example: Ada }
        tier: { type: string, enum: [gold, tin] }
`,
}
