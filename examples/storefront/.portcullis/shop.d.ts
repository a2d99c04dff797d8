/** Types of contracts/shop.yaml, by portcullis composition gen. Changes of it are lost with the next. */
export interface paths {
  "/customers/{id}": {
    "get": {
      "parameters": {
        "path": {
          "id": string
        }
      }
      "responses": {
        200: {
          "content": {
            "application/json": components["schemas"]["Customer"]
          }
        }
        404: {
          "content"?: never
        }
      }
    }
  }
  "/customers/{id}/orders": {
    "get": {
      "parameters": {
        "path": {
          "id": string
        }
      }
      "responses": {
        200: {
          "content": {
            "application/json": components["schemas"]["Order"][]
          }
        }
      }
    }
    "post": {
      "parameters": {
        "path": {
          "id": string
        }
      }
      "requestBody": {
        "content": {
          "application/json": components["schemas"]["NewOrder"]
        }
      }
      "responses": {
        201: {
          "content": {
            "application/json": components["schemas"]["Order"]
          }
        }
        409: {
          "content"?: never
        }
      }
    }
  }
  "/offers/{tier}": {
    "get": {
      "parameters": {
        "path": {
          "tier": components["schemas"]["Tier"]
        }
      }
      "responses": {
        200: {
          "content": {
            "application/json": components["schemas"]["Offer"]
          }
        }
      }
    }
  }
}

export interface components {
  "schemas": {
    "Tier": "gold" | "tin"
    "Customer": {
      "id": string
      "name": string
      "tier": components["schemas"]["Tier"]
      "email"?: string
    }
    "NewOrder": {
      "sku": string
      "price": number
    }
    "Order": {
      "id": string
      "sku": string
      "price": number
      /** For nobody but the shop */
      "margin"?: number
    }
    "Offer": {
      "sku": string
      "title": string
    }
  }
}
